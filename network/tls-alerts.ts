import type { Socket } from "node:net";
import { buildConnector } from "undici";

/** Connects as undici does, and keeps why a server ends a connection. */
export function connectorWithAlerts(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, callback) => {
    connect(target, (...result) => {
      const [, socket] = result;
      if (socket) keepAlert(socket);
      callback(...result);
    });
  };
}

/**
 * With TLS 1.3 a server looks at the client's certificate after the handshake. It refuses by an alert and the end of the
 * connection, and undici tells of the end alone. The alert becomes the cause of that error.
 */
function keepAlert(socket: Socket): void {
  let alert: Error | undefined;
  socket.prependListener("error", (error: Error) => {
    if (alert === undefined) {
      if (/^ERR_SSL_.*ALERT/.test((error as NodeJS.ErrnoException).code ?? "")) alert = error;
      return;
    }
    error.cause ??= alert;
  });
}
