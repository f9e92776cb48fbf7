import { codeSample, type DatasetInfo, type SampleLanguage } from '@bowshot/client';
import { Popover, useBowshot } from '@bowshot/react';
import { useEffect, useState } from 'react';

import { basePath } from './base-path.js';
import { shownQuery } from './view-query.js';
import type { ViewState } from './view-state.js';

interface CodeMenuProps {
  info: DatasetInfo;
  view: ViewState;
  anchor: Element;
  onClose: () => void;
}

const LANGUAGES: readonly [SampleLanguage, string][] = [
  ['curl', 'curl'],
  ['python', 'Python'],
  ['javascript', 'JavaScript'],
];

/** The view as a request to run elsewhere. */
export function CodeMenu({ info, view, anchor, onClose }: CodeMenuProps) {
  const bowshot = useBowshot();
  const [language, setLanguage] = useState<SampleLanguage>('curl');
  const [copied, setCopied] = useState<'no' | 'yes' | 'failed'>('no');
  const needsToken = useNeedsToken();
  const server = { baseUrl: location.origin + basePath(), needsToken };
  const code = codeSample(language, shownQuery(bowshot, info, view).request, server);
  return (
    <Popover
      anchor={anchor}
      align="end"
      label="Code"
      onClose={onClose}
      className="panel code-panel"
    >
      <h3>
        This view as code
        <span className="bowshot-segments" role="group" aria-label="Language">
          {LANGUAGES.map(([value, label]) => (
            <button
              key={value}
              type="button"
              aria-pressed={value === language}
              onClick={() => {
                setLanguage(value);
                setCopied('no');
              }}
            >
              {label}
            </button>
          ))}
        </span>
      </h3>
      <pre tabIndex={0} aria-label={`The view in ${language}`}>
        {code}
      </pre>
      <div className="panel-foot">
        <span role="status">
          {copied === 'no' && needsToken && 'Needs the token as BOWSHOT_TOKEN'}
          {copied === 'yes' && 'Copied'}
          {copied === 'failed' && 'The browser refused: select the text instead'}
        </span>
        <button
          type="button"
          className="button primary"
          onClick={() => {
            copyText(code).then(
              () => setCopied('yes'),
              () => setCopied('failed'),
            );
          }}
        >
          Copy
        </button>
      </div>
    </Popover>
  );
}

/** Whether requests without the page's cookie are refused. */
function useNeedsToken(): boolean {
  const [needsToken, setNeedsToken] = useState(false);
  useEffect(() => {
    const controller = new AbortController();
    fetch(`${basePath()}/v1/datasets`, {
      method: 'HEAD',
      credentials: 'omit',
      signal: controller.signal,
    }).then(
      ({ status }) => setNeedsToken(status === 401),
      () => undefined,
    );
    return () => controller.abort();
  }, []);
  return needsToken;
}

async function copyText(text: string): Promise<void> {
  // Pages that come over plain HTTP from another machine have no clipboard.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (!clipboard) throw new Error('no clipboard');
  await clipboard.writeText(text);
}
