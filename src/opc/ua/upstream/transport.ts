import { ClientTCP_transport, type IHelloAckLimits, type TransportSettingsOptions } from "node-opcua";

/** setTimeout's longest delay: the owners of a channel have timeouts of their own. */
export const noTimeoutMs = 0x7fffffff;

/** Seconds-long silence is noticed by the status queries; this only finds peers that vanished without a word. */
const tcpKeepAliveMs = 10_000;

/**
 * What is asked of a server in the Hello message. 64 KiB per chunk is what a socket hands over at once:
 * smaller chunks cost more of them, larger ones gain nothing here and slow down servers that allocate a whole
 * chunk for each response (a node-opcua server answers reads half as fast at 256 KiB). Message sizes are not
 * limited (0).
 */
export const transportSettings: Required<TransportSettingsOptions> = Object.freeze({
  receiveBufferSize: 64 * 1024,
  sendBufferSize: 64 * 1024,
  maxMessageSize: 0,
  maxChunkCount: 0,
});

/** Part 6, 7.1.2.3: no peer may have a smaller buffer. */
const smallestChunkBytes = 8192;

/** Ample for chunk, security, sequence and request header, signature and padding. */
const headerBytes = 1024;

/** Where no limit was granted: guards memory against a server gone wrong. */
const maxResponseBytes = 256 * 1024 * 1024;

interface GrantedLimits extends IHelloAckLimits {
  readonly protocolVersion?: number;
}

/**
 * node-opcua's client transport with the limits of the Acknowledge message read as Part 6, 7.1.2.4 has
 * them: ReceiveBufferSize is what the server takes per chunk, SendBufferSize what it sends. node-opcua
 * has them the other way round on both sides, so what is sent must fit both, and either may be received.
 */
export class UpstreamTransport extends ClientTCP_transport {
  #grantedChunkBytes = smallestChunkBytes;

  /**
   * To be called before a request is sent: node-opcua allocates a whole chunk of the size in `parameters`
   * for each request, which for a small one costs more than all else. null = size unknown.
   */
  fitChunks(messageBytes: number | null): void {
    if (!this.parameters) return;
    const wanted = messageBytes === null ? this.#grantedChunkBytes : messageBytes + headerBytes;
    this.parameters.sendBufferSize = Math.min(this.#grantedChunkBytes, Math.max(smallestChunkBytes, wanted));
  }

  override setLimits(granted: GrantedLimits): void {
    const smaller = Math.min(granted.receiveBufferSize, granted.sendBufferSize);
    const larger = Math.max(
      granted.receiveBufferSize,
      granted.sendBufferSize,
      transportSettings.receiveBufferSize,
    );
    this.#grantedChunkBytes = smaller;
    this.fitChunks(null);
    super.setLimits({
      receiveBufferSize: larger,
      sendBufferSize: smaller,
      maxMessageSize: granted.maxMessageSize,
      // A chunk count without a message size is checked by the server itself; node-opcua would only warn.
      maxChunkCount: granted.maxMessageSize === 0 ? 0 : granted.maxChunkCount,
    });
    this._socket?.setNoDelay(true);
    this._socket?.setKeepAlive(true, tcpKeepAliveMs);
    this._socket?.setTimeout(0);
  }
}

/** Limits of the responses are ours; node-opcua would take the server's limits for requests. */
export const responseLimits = Object.freeze({
  maxMessageSize: maxResponseBytes,
  maxChunkCount: maxResponseBytes / 8192,
});
