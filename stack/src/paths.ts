import { fileURLToPath } from 'node:url'

/** The folder of the stack: both sources and what is built of them lie one below it. */
export const stackFolder: string = fileURLToPath(new URL('../', import.meta.url))
