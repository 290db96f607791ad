export { openSqlite, type SqliteDatabase, type SqliteOptions } from './open.ts'
