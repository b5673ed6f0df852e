const small =
  `zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
  seventeen eighteen nineteen`.split(/\s+/);
const tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/** A whole number up to one million as it is said; with or without the British "and". */
export function numberInWords(n: number, british: boolean): string {
  if (n < 20) {
    return small[n] ?? "";
  }
  if (n < 100) {
    return n % 10 === 0 ? (tens[n / 10] ?? "") : `${tens[Math.floor(n / 10)]}-${small[n % 10]}`;
  }
  const [name, size]: readonly [string, number] =
    n < 1_000 ? ["hundred", 100] : n < 1_000_000 ? ["thousand", 1_000] : ["million", 1_000_000];
  const head = `${numberInWords(Math.floor(n / size), british)} ${name}`;
  const rest = n % size;
  if (rest === 0) {
    return head;
  }
  return `${head} ${british && rest < 100 ? "and " : ""}${numberInWords(rest, british)}`;
}
