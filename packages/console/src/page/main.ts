import './console-shell.ts';
import './overview/overview-page.ts';
import './live/live-page.ts';
import './publish/publish-page.ts';
import './sessions/sessions-page.ts';
import './tokens/tokens-page.ts';
import './break/break-page.ts';
