/** First bytes of text messages: Engine.IO 4, and Socket.IO 5 in its messages. */

export const ENGINE = { open: 0x30, ping: 0x32, message: 0x34 } as const;
export const SOCKET = { connect: 0x30, disconnect: 0x31, event: 0x32, connectError: 0x34 } as const;
/** Answers a ping. */
export const PONG = "3";
