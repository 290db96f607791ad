/** 'current' is spec 293 (three fields, BigRaw, space per epoch), 'old' is spec 218 (one field, one write per 100 blocks). */
export type RuntimeKind = 'current' | 'old'
