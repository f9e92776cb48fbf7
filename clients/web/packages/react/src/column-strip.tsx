import { isNumericType, type ColumnInfo, type ColumnProfile } from '@bowshot/client';
import type { CSSProperties } from 'react';

import { percentText, roughText, statisticText } from './number-text.js';
import { valueText } from './value-text.js';

interface ColumnStripProps {
  column: ColumnInfo;
  /** Undefined while it is awaited. */
  profile: ColumnProfile | undefined;
  onExpand: () => void;
}

/**
 * What a column holds, in a few pixels: its shape, the share of nulls, how many values differ. For the
 * eye and the mouse; the same stands in words in the column's menu.
 */
export function ColumnStrip({ column, profile, onExpand }: ColumnStripProps) {
  if (!profile) {
    return (
      <div aria-hidden className="bowshot-strip" data-pending="">
        <div className="bowshot-strip-awaited" />
      </div>
    );
  }
  const nullShare = profile.rows === 0 ? 0 : profile.nulls / profile.rows;
  return (
    <div aria-hidden className="bowshot-strip" title={titleOf(column, profile)} onClick={onExpand}>
      <Shape profile={profile} />
      <div className="bowshot-strip-facts">
        {profile.nulls > 0 && <span data-null="">{percentText(nullShare)} null</span>}
        <span>{sayDistinct(profile)}</span>
      </div>
    </div>
  );
}

function sayDistinct({ rows, distinct }: ColumnProfile): string {
  if (rows === 0) return '–';
  return distinct === null ? '' : `${roughText(distinct)} distinct`;
}

function Shape({ profile }: { profile: ColumnProfile }) {
  if (profile.histogram) return <Bars counts={profile.histogram} />;
  if (profile.rows === 0 || profile.distinct === null)
    return <div className="bowshot-strip-shape" />;
  if (profile.top) return <Shares profile={profile} />;
  return <div className="bowshot-strip-shape bowshot-strip-none">all different</div>;
}

/** Bars as high as their share of the highest; what is not zero is never invisible. */
export function Bars({ counts }: { counts: readonly number[] }) {
  const highest = Math.max(1, ...counts);
  return (
    <svg
      className="bowshot-strip-shape"
      viewBox={`0 0 ${counts.length} 20`}
      preserveAspectRatio="none"
    >
      {counts.map((count, index) => {
        const height = count === 0 ? 0 : Math.max(1, (count / highest) * 20);
        return <rect key={index} x={index + 0.06} y={20 - height} width={0.88} height={height} />;
      })}
    </svg>
  );
}

/** A part that is narrower has no room for its value. */
const LABELLED_SHARE_MIN = 0.14;

/** The most frequent values as parts of one bar. */
function Shares({ profile: { top, rows } }: { profile: ColumnProfile }) {
  return (
    <div className="bowshot-strip-shape bowshot-strip-shares">
      {(top ?? []).slice(0, 6).map(({ value, count }, index) => (
        <i
          key={value}
          style={
            {
              width: `${(count / Math.max(1, rows)) * 100}%`,
              '--bowshot-rank': index,
            } as CSSProperties
          }
        >
          {count / Math.max(1, rows) > LABELLED_SHARE_MIN && value}
        </i>
      ))}
    </div>
  );
}

function titleOf({ name, type }: ColumnInfo, { top }: ColumnProfile): string {
  const most = (top ?? [])
    .slice(0, 5)
    .map(({ value, count }) => `${valueText(value)}  ${roughText(count)}`);
  return [`${name} · ${type}`, ...most].join('\n');
}

/** The whole profile of a column: moments, and the most frequent values. */
export function ColumnProfileCard({ profile }: { profile: ColumnProfile }) {
  const isNumeric = isNumericType(profile.type);
  const facts: [string, string][] = [
    ['Rows', roughText(profile.rows)],
    [
      'Null',
      `${roughText(profile.nulls)} · ${percentText(profile.nulls / Math.max(1, profile.rows))}`,
    ],
    ...(profile.distinct === null
      ? []
      : [['Distinct', `≈ ${roughText(profile.distinct)}`] satisfies [string, string]]),
    ['Min', profile.min ?? '–'],
    ['Max', profile.max ?? '–'],
    ...(isNumeric
      ? ([
          ['Mean', statisticText(profile.mean)],
          ['Deviation', statisticText(profile.stddev)],
          ['Quartiles', [profile.q25, profile.median, profile.q75].map(statisticText).join(' · ')],
        ] satisfies [string, string][])
      : []),
  ];
  return (
    <div className="bowshot-profile-card">
      {profile.histogram && <Bars counts={profile.histogram} />}
      <dl>
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={text}>{text}</dd>
          </div>
        ))}
      </dl>
      <MostFrequent profile={profile} />
    </div>
  );
}

function MostFrequent({ profile: { top, rows, distinct } }: { profile: ColumnProfile }) {
  if (distinct === null) return null;
  if (!top) return <p>More than 100,000 values differ: none is frequent.</p>;
  const highest = Math.max(1, ...top.map(({ count }) => count));
  return (
    <ol aria-label="Most frequent values">
      {top.map(({ value, count }) => (
        <li key={value}>
          <i style={{ width: `${(count / highest) * 100}%` }} />
          <span title={value}>{valueText(value)}</span>
          <b>{percentText(count / Math.max(1, rows))}</b>
        </li>
      ))}
    </ol>
  );
}
