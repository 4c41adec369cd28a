// The words of changes and of a listing, as a client writes them.

/** Fields one behind the other, from the least significant bit: [bits, value] each. */
export function packed(fields) {
  let at = 0n;
  let word = 0n;
  for (const [bits, value] of fields) {
    word |= BigInt(value) << at;
    at += BigInt(bits);
  }
  return word;
}

const header = (act, id, scope) => packed([[8, act], [16, id], [32, scope]]);

/** Appoints a guardian of a scope, whose pauses last so many seconds. */
export const guardian = (who, scope, seconds) => [header(3, 0, scope), BigInt(who), BigInt(seconds)];

/** Lists a market. */
export const list = (words) => [header(7, 0, 0), ...words];

/** Sets a parameter. */
export const parameter = (scope, id, value) => [header(0, id, scope), BigInt(value)];

/** Gives a role. */
export const grant = (who, role) => [header(1, role, 0), BigInt(who)];

/** An aggregator of 8 decimals whose answers last an hour. */
const aggregator = (source) =>
  packed([[160, source], [8, 1], [8, 8], [8, 0], [8, 0], [16, 0], [24, 100_000], [24, 3_600]]);

/** Terms, caps, what ends a position, policy: 10 % initial margin, 5 % maintenance, a fee of 10 bps, a penalty of 2 %. */
function terms(minMargin) {
  const cap = (1n << 96n) - 2n;
  const widths = [14, 14, 14, 14, 14, 10, 14, 16, 14, 15, 10, 16, 91];
  const values = [1_000, 9_998, 2, 9_998, 2, 1, 60, 20_000, 9_999, 10_000, 10, 0, minMargin];
  const ends = [[16, 500], [56, 500], [32, 86_400], [16, 200], [136, minMargin]];
  return [packed(widths.map((width, at) => [width, values[at]])), packed([[96, cap], [96, cap]]), packed(ends), minMargin / 2n];
}

/** The breaker's default parameters. */
const BREAKER = [500, 1_000, 2_500, 1_000, 200, 1_800, 2, 60, 10, 60, 240, 240, 4_320, 600, 10];

/** The words of a listing with two feeds and no sequencer's. */
export const listing = (minMargin, feeds) => [
  ...terms(minMargin),
  packed(BREAKER.map((value) => [16, value])),
  0n,
  ...feeds.map(aggregator),
];
