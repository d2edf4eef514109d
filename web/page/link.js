"use strict";
// What a person sees, as the fragment of a link:
//   net=FILE  set=NAME=VALUE (each)  from=FILE (compared with)  text=PACKED (files that were changed)

async function pack(text) {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

async function fragment({ net, set, from, changed }) {
  const fields = [["net", net], ...Object.entries(set).map(([name, value]) => ["set", `${name}=${value}`])];
  if (from) fields.push(["from", from]);
  if (Object.keys(changed).length) fields.push(["text", await pack(JSON.stringify(changed))]);
  const plain = (text) => encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%3D", "=");
  return fields.map(([name, value]) => `${name}=${plain(value)}`).join("&");
}

// The other way; a link that is cut or made by hand gives what can be read of it.
async function parseFragment(text) {
  const fields = new URLSearchParams(text.replace(/^#/, "").replaceAll("+", "%2B"));
  const state = { net: fields.get("net"), set: {}, from: fields.get("from"), changed: {}, broken: false };
  for (const pair of fields.getAll("set")) {
    const at = pair.indexOf("=");
    if (at > 0) state.set[pair.slice(0, at)] = pair.slice(at + 1);
  }
  const packed = fields.get("text");
  if (packed) {
    try {
      const binary = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
      const bytes = await unpack(Uint8Array.from(binary, (c) => c.charCodeAt(0)), "deflate-raw");
      for (const [file, changed] of Object.entries(JSON.parse(new TextDecoder().decode(bytes)))) {
        if (typeof changed === "string") state.changed[file] = changed;
      }
    } catch {
      state.broken = true;
    }
  }
  return state;
}
