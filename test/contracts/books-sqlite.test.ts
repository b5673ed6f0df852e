import { sqliteTestBooks } from "../fakes/test-books.ts";
import { booksContract } from "./books.ts";

booksContract("SQLite", sqliteTestBooks);
