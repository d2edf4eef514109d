"use strict";
// netc itself: a question as an object, an answer as an object.

const engine = {
  module: null,
  exports: null,

  async start() {
    const packed = await wasmBytes();
    engine.module = await WebAssembly.compile(packed);
    await engine.restart();
  },

  async restart() {
    engine.exports = (await WebAssembly.instantiate(engine.module, {})).exports;
  },

  // The answer; null if netc failed, which is a bug of netc. It is then started anew.
  ask(question) {
    const { memory, question: room, ask, reply } = engine.exports;
    const bytes = new TextEncoder().encode(JSON.stringify(question));
    try {
      // Each call may move the memory to another buffer.
      const at = room(bytes.length);
      new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
      const length = ask();
      const from = reply();
      const answer = JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, from, length)));
      if (answer?.refused) throw new Error(answer.refused);
      return answer;
    } catch (error) {
      console.error(question.ask, error);
      engine.restart();
      return null;
    }
  },
};

// The module that the build has put into the page: gzip, then base64.
async function wasmBytes() {
  const text = document.getElementById("wasm").textContent.trim();
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return unpack(packed, "gzip");
}

// What is packed, unpacked.
async function unpack(bytes, format) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
