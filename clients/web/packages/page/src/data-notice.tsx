import type { DatasetInfo } from '@bowshot/client';
import { useBowshot } from '@bowshot/react';
import { useEffect, useState } from 'react';

import { CrossIcon } from './cross-icon.js';

/** Between two looks whether the data changed, while the page is in sight. */
const LOOK_MS = 30_000;

interface DataNoticeProps {
  /** The dataset as its rows are shown. */
  info: DatasetInfo;
  /** The dataset as the rows found it when they were asked for: they are of this version already. */
  changedInfo: DatasetInfo | undefined;
  onReload: () => void;
}

/** A quiet word that the data changed: either its new rows are shown already, or they can be. */
export function DataNotice({ info, changedInfo, onReload }: DataNoticeProps) {
  const newest = useNewestVersion(info.name);
  const [dismissed, setDismissed] = useState<string>();
  const isStale = newest !== undefined && newest !== info.version;
  if (isStale && dismissed !== newest) {
    return (
      <Notice text="The data changed." onDismiss={() => setDismissed(newest)}>
        <button type="button" onClick={onReload}>
          Reload
        </button>
      </Notice>
    );
  }
  if (changedInfo?.version !== info.version || dismissed === info.version) return null;
  return (
    <Notice
      text="The data changed: these are its new rows."
      onDismiss={() => setDismissed(info.version)}
    />
  );
}

interface NoticeProps {
  text: string;
  onDismiss: () => void;
  children?: React.ReactNode;
}

function Notice({ text, onDismiss, children }: NoticeProps) {
  return (
    <div role="status" className="data-notice">
      <span>{text}</span>
      {children}
      <button type="button" aria-label="Dismiss" onClick={onDismiss}>
        <CrossIcon size={10} />
      </button>
    </div>
  );
}

/** Looks now and then, and when the reader comes back to the page. */
function useNewestVersion(name: string): string | undefined {
  const bowshot = useBowshot();
  const [newest, setNewest] = useState<{ name: string; version: string }>();
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const look = () => {
      if (document.visibilityState !== 'visible') return;
      bowshot
        .dataset(name)
        .info({ signal })
        .then(
          ({ version }) => setNewest({ name, version }),
          // The rows say what is wrong, if they are asked for.
          () => undefined,
        );
    };
    const timer = setInterval(look, LOOK_MS);
    addEventListener('focus', look, { signal });
    document.addEventListener('visibilitychange', look, { signal });
    return () => {
      clearInterval(timer);
      controller.abort();
    };
  }, [bowshot, name]);
  return newest?.name === name ? newest.version : undefined;
}
