export { openPrivateSqlite, openSqlite, type SqliteDatabase, type SqliteOptions } from './open.ts'
