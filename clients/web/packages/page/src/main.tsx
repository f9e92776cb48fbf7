import '@bowshot/react/styles.css';
import './styles/page.css';
import './styles/panels.css';
import './styles/filter-box.css';
import './styles/narrow.css';

import { connect } from '@bowshot/client';
import { BowshotProvider } from '@bowshot/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { basePath } from './base-path.js';
import { signIn } from './sign-in.js';

const token = await signIn();
// After the sign-in: the view is read from an address without the token.
const { App } = await import('./app.js');

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <BowshotProvider client={connect(basePath(), { token })}>
      <App />
    </BowshotProvider>
  </StrictMode>,
);
