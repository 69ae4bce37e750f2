import type { RetryOptions } from '@mzalert/faker-events'

/** As long as it takes: another start would be another story, and what was not sent until then would be gone. */
export const patience: RetryOptions = { maxAttempts: Number.POSITIVE_INFINITY }
