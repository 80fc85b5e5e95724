/** The package ships no types. */
declare module "aedes-persistence-redis" {
  /** A persistence for Aedes on the Redis at this address. */
  function createPersistence(options: {
    readonly host: string;
    readonly port: number;
    /** The most events that a client gets when it comes back; the others wait for the time after. @default 1000 */
    readonly maxSessionDelivery?: number;
  }): object;
  export = createPersistence;
}
