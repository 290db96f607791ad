/** Percentages are 0..100 with at most two decimals, so a basis point (0.01 %) is the unit everything is compared in. */

/** True for 0..100 with at most two decimals. */
export const isPercentage = (value: number): boolean =>
  value >= 0 && value <= 100 && Math.round(value * 100) / 100 === value && !Object.is(value, -0)

/** The percentage in basis points, 0..10000. */
export const basisPoints = (percentage: number): number => Math.round(percentage * 100)
