-- Filled in by bench.find: {n} is the database's own way to count, {id}, {key}, {arrived} are expressions of i.
INSERT INTO call (id, node, dialled, caller_raw, caller_key, arrived_ms, language, group_first, queued_ms, answered_ms,
  ended_ms, result)
{n} SELECT {id}, 'hl1', '1414', {key}, {key}, {arrived}, 'ru', 'portal', {arrived} + 9000, {arrived} + 25000,
  {arrived} + 265000, 'answered' FROM n;
INSERT INTO segment (call_id, seq, group_id, language, offer, operator_id, via, answered_ms, ended_ms)
{n} SELECT {id}, 1, 'portal', 'ru', 1, '101', 'router', {arrived} + 25000, {arrived} + 265000 FROM n;
INSERT INTO offer (call_id, seq, offer, operator_id, via, file, offered_ms, ended_ms, status, recorded)
{n} SELECT {id}, 1, 1, '101', 'router', {id} || '-1-1', {arrived} + 20000, {arrived} + 25000, 'ANSWER', 1 FROM n;
INSERT INTO recording (call_id, seq, offer, file, status, made_ms, path, duration_ms, bridged_ms, bytes, sha256)
{n} SELECT {id}, 1, 1, {id} || '-1-1', 'ok', {arrived} + 270000, '2025/01/01/00/' || {id} || '-1-1.flac.enc', 240000,
  240000, 2800000, '{sha256}' FROM n;
