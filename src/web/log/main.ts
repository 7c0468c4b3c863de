import '../base.css';
import '../picker/picker.css';
import './log.css';
import { openPage } from '../open-page.ts';
import { logTarget } from '../target-from-url.ts';
import { LogPage } from './log-page.ts';

void openPage(logTarget(new URLSearchParams(location.search)), (target, parts) => {
  if (target.kind === 'log') new LogPage({ ...parts, target }).start();
});
