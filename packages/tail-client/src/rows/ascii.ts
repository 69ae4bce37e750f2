/** Bytes that stand for something in COPY text. */
export const tab = 0x09
export const minus = 0x2d
export const zero = 0x30
export const nine = 0x39
export const letterN = 0x4e
export const backslash = 0x5c
export const letterF = 0x66
export const letterT = 0x74
export const lastAscii = 0x7f
