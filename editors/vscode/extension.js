"use strict";

const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const command = workspace.getConfiguration("netc").get("path", "netc");
  const server = { command, args: ["lsp"] };
  const options = {
    documentSelector: [{ scheme: "file", language: "net" }],
    synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.net") },
  };
  client = new LanguageClient("netc", "netc", server, options);
  return client.start();
};

exports.deactivate = () => client?.stop();
