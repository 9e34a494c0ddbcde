// @ts-check
// Tells a user something.
//   node docs/examples/notifications/notify.mjs alice 'Your parcel is on its way' 'Rain tomorrow'
import { createPublisher } from '@tidings/sdk/publisher';

const { TIDINGS_URL: url = 'http://127.0.0.1:8080', TIDINGS_PUBLISH_TOKEN: token = '' } = process.env;
const [user = 'alice', ...texts] = process.argv.slice(2);

const publisher = createPublisher({ url, token });
for (const text of texts) await publisher.publishToUser(user, { text }, { event: 'notice' });
