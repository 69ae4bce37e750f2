/** Asks until the answer is yes. What throws ends it; the deadline is for what never comes, and is no measure of speed. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  everyMs = 100,
  deadlineMs = 120_000,
): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`in ${deadlineMs / 1000} s it never became true that ${what}`)
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}
