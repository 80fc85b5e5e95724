/** The package ships no types. */
declare module "cluster-key-slot" {
  /** The Cluster slot of a key, 0 to 16,383, honouring hash tags. */
  function calculateSlot(key: string | Buffer): number;
  export = calculateSlot;
}
