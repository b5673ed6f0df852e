import { sqliteTestBooks } from "../fakes/test-books.ts";
import { moneyRacesContract } from "./money-races.ts";

moneyRacesContract("SQLite", sqliteTestBooks);
