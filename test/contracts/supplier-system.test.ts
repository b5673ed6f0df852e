import { supplierSystemContract } from "./supplier-system.ts";

supplierSystemContract("alpine-parts");
supplierSystemContract("deltaline");
supplierSystemContract("evergreen");
