import { sqliteTestBooks } from "../fakes/test-books.ts";
import { stockRacesContract } from "./stock-races.ts";

stockRacesContract("SQLite", sqliteTestBooks);
