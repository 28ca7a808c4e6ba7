/** The time, as coarse as headings and lists need it: "today" must end at midnight. */
export class Clock {
  now = $state(Date.now());

  /** Runs until the returned function is called. */
  run(): () => void {
    const timer = setInterval(() => (this.now = Date.now()), 30_000);
    return () => clearInterval(timer);
  }
}
