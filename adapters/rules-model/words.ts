/** Small closed classes of English words that the library's tags do not tell apart. */
function words(list: string): ReadonlySet<string> {
  return new Set(list.split(/\s+/).filter((word) => word !== ""));
}

/** Verbs that ask for goods to be had. */
export const orderVerbs = words(`order reorder buy purchase procure get acquire obtain source arrange secure
  organise organize requisition request fetch commission ordering buying purchasing procuring getting
  acquiring obtaining sourcing arranging securing requesting send sort stock place`);
/** Those of them that mean nothing else. */
export const plainOrderVerbs =
  words(`order reorder buy purchase procure acquire obtain ordering buying purchasing
  procuring acquiring obtaining`);
/** Spellings that a slip of the finger makes of them are looked for by distance, but only of these. */
export const mistypedVerbs = ["order", "purchase", "procure", "acquire", "obtain", "source", "arrange"];
export const orderParticiples =
  words(`ordered reordered bought purchased procured got gotten acquired obtained
  sourced arranged secured requisitioned requested`);
export const buildVerbs =
  words(`build make produce manufacture assemble construct fabricate complete finish deliver
  building making producing manufacturing assembling constructing fabricating completing finishing delivering`);
export const needVerbs =
  words(`need needs want wants require requires wish wishes lack lacks await awaits expect
  expects order orders`);
export const needParticiples = words(`needed required wanted necessary missing ordered requested due`);
/** What an order is made of, never a product's name. */
export const genericNouns =
  words(`part parts component components material materials thing things stuff item items
  piece pieces pcs pc unit units ea each goods supplies supply bits everything anything whatever kit kits order orders
  what all they them it these those this that one ones some something purchase quantity`);
export const containers =
  words(`order request batch lot run series production shipment delivery time thing project
  question customer client purchase set kit`);
export const pronouns =
  words(`i we you they he she it me us them him her this that these those there here who what
  which someone somebody anyone everyone everybody nobody ours yours mine myself ourselves yourself`);
export const articles = words(`the a an our your my their his her its some any these those this that new more
  additional extra further another all said`);
export const customerCues = words("customer client account cust buyer");
export const politeness =
  words(`please pls plz kindly thanks thank thx cheers asap urgently urgent immediately
  today tomorrow tonight now soon quickly ok okay right away again too also hi hello hey dear team bot folks
  everyone just quick let's lets`);
/** Words at which a name ends when they are written in lower case. */
export const phraseEnds =
  words(`for to by from at in on within before until till as so because since when while
  which that who whom whose if where need needs needed want wants wanted require requires required necessary is are
  was were be been being am will would should shall must can could may might has have had do does did please pls plz
  kindly thanks thank thx cheers asap urgently immediately today tomorrow tonight now soon we i they you he she it
  ordered requested going destined bound shipped delivered sent asap asked placed with using via per regarding
  after during without but then also too next this instead not or get order buy`);
/** Prepositions and joining words that may stand inside a name when capitals follow. */
export const joinersInNames = words("of and & und et de of the in on at by with to");
export const cancelVerbs =
  words(`cancel stop abort undo revert return refund delete remove reject withdraw reverse
  postpone delay pause halt track show list tell explain describe calculate estimate compare check find
  remind summarise summarize translate write draft quote forget`);
export const questionWords =
  words(`how what when where why who whom whose which did does do has have had is are was
  were am should shall must whether`);
export const labels =
  words(`po no nr number ticket ref reference room rev revision version model type id week kw
  line invoice phase series size grade class mark page floor hall street`);
export const approximators =
  words(`about around approximately approx roughly circa ca nearly almost over under
  least most maximum minimum max min between than some exceeding`);
export const vagueAmounts =
  words(`some several many few lots plenty bunch numerous various multiple dozens hundreds
  thousands couple handful tons loads`);
export const timeUnits =
  words(`second seconds minute minutes hour hours day days week weeks weekday weekdays month
  months year years quarter quarters am pm o'clock business working calendar january february march april may june
  july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec`);
export const moneyWords = words(
  "dollar dollars usd eur euro euros gbp pound pounds cents chf yen jpy percent",
);
export const numberWords = words(`zero one two three four five six seven eight nine ten eleven twelve thirteen
  fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
  thousand million billion trillion`);
export const multiples: ReadonlyMap<string, number> = new Map([
  ["dozen", 12],
  ["dozens", 12],
  ["doz", 12],
  ["score", 20],
  ["gross", 144],
  ["pair", 2],
  ["pairs", 2],
]);
export const scales = words("hundred thousand million billion trillion");
