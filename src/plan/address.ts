import type { Address } from "../domain.ts";

/** An address on one line, as orders carry it and documents must repeat it. */
export function formatAddress(address: Address): string {
  const { name, street, postcode, city, country } = address;
  return `${name}, ${street}, ${postcode} ${city}, ${country}`;
}
