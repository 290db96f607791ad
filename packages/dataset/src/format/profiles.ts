/** What a field of the JSON content must be to go into a column of its own. */
export type FieldKind = 'text' | 'texts' | 'int' | 'float' | 'flag'

/** One field of a source's JSON content and the column that carries it. */
interface ProfileField {
  /** Key in the JSON content. */
  readonly field: string
  /** Name of the column. */
  readonly column: string
  readonly kind: FieldKind
  /** Points to the author or the post: with encoding keys it goes, encrypted, into `details_encoded`. */
  readonly identifying: boolean
}

/** The layout of one kind of source. */
export interface Profile {
  readonly fields: readonly ProfileField[]
  readonly byField: ReadonlyMap<string, ProfileField>
}

const plain = (kind: FieldKind, field: string, column: string = field): ProfileField => ({
  field,
  column,
  kind,
  identifying: false,
})
const identifying = (kind: FieldKind, field: string): ProfileField => ({
  field,
  column: field,
  kind,
  identifying: true,
})

function profile(fields: readonly ProfileField[]): Profile {
  return { fields, byField: new Map(fields.map((entry) => [entry.field, entry])) }
}

/** Data Universe's `XContent`: the published columns first, then those of its S3 files. */
const X = profile([
  plain('text', 'text'),
  plain('texts', 'tweet_hashtags'),
  plain('text', 'timestamp'),
  plain('text', 'language'),
  plain('flag', 'user_verified'),
  plain('flag', 'user_blue_verified'),
  plain('flag', 'is_reply'),
  plain('flag', 'is_quote'),
  plain('int', 'like_count'),
  plain('int', 'retweet_count'),
  plain('int', 'reply_count'),
  plain('int', 'quote_count'),
  plain('int', 'view_count'),
  plain('int', 'bookmark_count'),
  plain('int', 'user_followers_count'),
  plain('int', 'user_following_count'),
  plain('text', 'scraped_at'),
  identifying('texts', 'media'),
  identifying('text', 'user_id'),
  identifying('text', 'user_display_name'),
  identifying('text', 'tweet_id'),
  identifying('text', 'conversation_id'),
  identifying('text', 'in_reply_to_user_id'),
  identifying('text', 'in_reply_to_username'),
  identifying('text', 'quoted_tweet_id'),
  identifying('text', 'user_description'),
  identifying('text', 'user_location'),
  identifying('text', 'profile_image_url'),
  identifying('text', 'cover_picture_url'),
])

/** Data Universe's `RedditContent`; `body` is published as `text`. */
const REDDIT = profile([
  plain('text', 'body', 'text'),
  plain('text', 'dataType'),
  plain('text', 'communityName'),
  plain('text', 'title'),
  plain('text', 'createdAt'),
  plain('flag', 'is_nsfw'),
  plain('int', 'score'),
  plain('float', 'upvote_ratio'),
  plain('int', 'num_comments'),
  plain('text', 'scrapedAt'),
  identifying('texts', 'media'),
  identifying('text', 'id'),
  identifying('text', 'parentId'),
])

/** The layout of a source; null is the generic one, which carries the content as it is. */
export function profileOf(source: number): Profile | null {
  if (source === 1) return REDDIT
  return source === 2 ? X : null
}
