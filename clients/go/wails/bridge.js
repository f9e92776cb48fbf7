// What a Wails web view lacks where the page's own scheme is concerned, and fetch has in a browser:
//
// - an abort reaches the server: the view tells the program nothing until it writes again;
// - backpressure: the view takes all that it is given into its memory, whether the page reads or not;
// - a body that is cut off is an error: the view ends every body well.
//
// So each request of the protocol carries a name of its answer, and the handler is told what becomes
// of it. Answers that are short, and there as a whole, pass untouched.
(() => {
  'use strict';
  const HEADER = 'Bowshot-Page-Answer';
  const TOLD_BYTES = 1 << 20;
  const plainFetch = globalThis.fetch.bind(globalThis);
  const pageName = [...crypto.getRandomValues(new Uint32Array(2))]
    .map((n) => n.toString(36))
    .join('');
  const running = new Set();
  let count = 0;

  const pathOf = (name) => `/bowshot/answers/${name}`;
  const tell = (name, word) =>
    plainFetch(`${pathOf(name)}?${word}`, { method: 'POST' }).catch(() => undefined);

  function isOfProtocol(input) {
    const url = new URL(input instanceof Request ? input.url : input, document.baseURI);
    return (
      url.protocol === location.protocol &&
      url.host === location.host &&
      /^\/(v1\/|version$|metrics$|healthz$|readyz$|openapi\.json$)/.test(url.pathname)
    );
  }

  async function bridgedFetch(input, init) {
    if (!isOfProtocol(input)) return plainFetch(input, init);
    const request = new Request(input, init);
    const name = `${pageName}-${++count}`;
    request.headers.set(HEADER, name);
    const { signal } = request;
    const stop = () => void tell(name, 'stop');
    const forget = () => {
      running.delete(name);
      signal.removeEventListener('abort', stop);
    };
    signal.throwIfAborted();
    signal.addEventListener('abort', stop);
    running.add(name);
    let response;
    try {
      response = await plainFetch(request);
    } catch (error) {
      forget();
      throw error;
    }
    if (response.headers.get(HEADER) !== 'streamed' || !response.body) {
      forget();
      return response;
    }
    const { status, statusText, headers } = response;
    return new Response(metered(response.body, name, forget), { status, statusText, headers });
  }

  /** The same bytes, read no faster than they are asked for, and an error where they were cut off. */
  function metered(body, name, forget) {
    const reader = body.getReader();
    let read = 0;
    let told = 0;
    return new ReadableStream(
      {
        async pull(controller) {
          let part;
          try {
            part = await reader.read();
            if (part.done) await requireWhole(name);
          } catch (error) {
            forget();
            throw error;
          }
          if (part.done) {
            forget();
            controller.close();
            return;
          }
          controller.enqueue(part.value);
          read += part.value.length;
          if (read - told >= TOLD_BYTES) {
            told = read;
            void tell(name, `read=${read}`);
          }
        },
        async cancel(reason) {
          forget();
          await Promise.all([tell(name, 'stop'), reader.cancel(reason)]);
        },
      },
      { highWaterMark: 0 },
    );
  }

  async function requireWhole(name) {
    const end = await (await plainFetch(pathOf(name))).json();
    if (!end.whole) throw new TypeError(end.detail ?? 'how the answer ended is not known');
  }

  globalThis.fetch = bridgedFetch;
  addEventListener('pagehide', () => {
    for (const name of running) void tell(name, 'stop');
  });
})();
