/**
 * Balance: how evenly partitions fall on masters. A partition's hash tag is its number, so its slot is Redis' CRC16 of that
 * number, the same in every hub; the slots are cut into even ranges, as `redis-cli --cluster create` does.
 */
const SLOTS = 16_384;
const POLYNOMIAL = 0x1021;
const MASK = 0xffff;
const TOP_BIT = 0x8000;

/** The busiest master's partitions against the mean: 1 where the load is even. */
export function skewOf(masters: number, partitions: number): number {
  const counts = Array.from({ length: masters }, () => 0);
  for (let partition = 0; partition < partitions; partition++) {
    const master = Math.floor((slotOf(String(partition)) * masters) / SLOTS);
    counts[master] = (counts[master] ?? 0) + 1;
  }
  return (Math.max(...counts) * masters) / partitions;
}

/** The slot of a key whose hash tag is this text, of ASCII alone. */
export function slotOf(tag: string): number {
  let crc = 0;
  for (let i = 0; i < tag.length; i++) {
    crc ^= tag.charCodeAt(i) << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & TOP_BIT) === 0 ? crc << 1 : ((crc << 1) ^ POLYNOMIAL) & MASK;
  }
  return crc % SLOTS;
}
