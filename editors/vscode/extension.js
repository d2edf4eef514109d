"use strict";

const { execFile } = require("node:child_process");
const { commands, window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const SETTING = "netc.path";
let client;
let turn = Promise.resolve();

/** What keeps a program from being netc; nothing if it is. */
const complaint = (program) =>
  new Promise((resolve) =>
    execFile(program, ["--version"], { timeout: 10_000 }, (error, printed) => {
      if (error?.code === "ENOENT") resolve(`\`${program}\` was not found`);
      else if (error) resolve(`\`${program} --version\` failed (${error.message.trim()})`);
      else resolve(printed.startsWith("netc ") ? undefined : `\`${program}\` is another program`);
    }),
  );

async function start() {
  const command = workspace.getConfiguration().get(SETTING);
  const wrong = await complaint(command);
  if (wrong) {
    // Nothing waits for the answer: a message may stay for long.
    report(`netc: ${wrong}, so that only colours work. Install netc, or set ${SETTING} to where it is.`);
    return;
  }
  client = new LanguageClient("netc", "netc", { command, args: ["lsp"] }, {
    documentSelector: [{ scheme: "file", language: "net" }],
    synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.net") },
  });
  await client.start();
}

async function report(message) {
  const open = "Open the setting";
  if ((await window.showErrorMessage(message, open)) === open) {
    await commands.executeCommand("workbench.action.openSettings", `@id:${SETTING}`);
  }
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.dispose();
}

/** Each restart waits for the one before it, however that ended. */
const restart = () => (turn = turn.catch(() => {}).then(stop).then(start));

exports.activate = (context) => {
  context.subscriptions.push(
    commands.registerCommand("netc.restart", restart),
    workspace.onDidChangeConfiguration((change) => change.affectsConfiguration(SETTING) && restart()),
  );
  return restart();
};

exports.deactivate = stop;
