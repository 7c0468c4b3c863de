import '@xterm/xterm/css/xterm.css';
import '../base.css';
import '../picker/picker.css';
import './terminal.css';
import { openPage } from '../open-page.ts';
import { terminalTarget } from '../target-from-url.ts';
import { useStrictStyles } from './strict-styles.ts';
import { TerminalPage } from './terminal-page.ts';

useStrictStyles();
const query = new URLSearchParams(location.search);

void openPage(terminalTarget(query), (target, parts) => {
  if (target.kind === 'log') return;
  const plainRenderer = query.get('renderer') === 'dom';
  const screenReader = query.get('screenReader') === 'true';
  new TerminalPage({ ...parts, target, plainRenderer, screenReader }).start();
});
