// Packages that the pages name, and that are not needed here.
declare module '@opentelemetry/api' {
  interface Gauge {
    addCallback(read: (gauge: { observe(value: number, attributes: object): void }) => void): void
  }
  export const metrics: {
    getMeter(name: string): {
      createCounter(name: string): { add(value: number, attributes: object): void }
      createObservableGauge(name: string, options?: { unit: string }): Gauge
    }
  }
}
