-- Filled in by bench.ratings: {n} is the database's own way to count, {arrived} an expression of i. One call in twelve was
-- transferred, four in five were asked for a rating, two in three of those answered.
INSERT INTO call (id, node, dialled, caller_raw, caller_key, arrived_ms, language, group_first, queued_ms, answered_ms,
  ended_ms, result)
{n} SELECT {id}, 'hl1', '1414', '+77010000001', '+77010000001', {arrived}, {language}, {group}, {arrived} + 9000,
  {arrived} + 25000, {arrived} + 265000, 'answered' FROM n;
INSERT INTO segment (call_id, seq, group_id, language, offer, operator_id, via, answered_ms, ended_ms)
{n} SELECT {id}, 1, {group}, {language}, 1, {operator}, 'router', {arrived} + 25000, {arrived} + 265000 FROM n;
INSERT INTO segment (call_id, seq, group_id, language, offer, operator_id, via, answered_ms, ended_ms)
{n} SELECT {id}, 2, 'ict', {language}, 2, {second}, 'router', {arrived} + 265000, {arrived} + 365000 FROM n
  WHERE i % 12 = 0;
INSERT INTO rating (call_id, seq, operator_id, offered_ms, rated_ms, outcome, score)
{n} SELECT {id}, CASE WHEN i % 12 = 0 THEN 2 ELSE 1 END, CASE WHEN i % 12 = 0 THEN {second} ELSE {operator} END,
  {arrived} + 365000, {arrived} + 370000,
  CASE (i * 7) % 15 WHEN 0 THEN 'wrong' WHEN 1 THEN 'silence' WHEN 2 THEN 'silence' WHEN 3 THEN 'hung_up'
    WHEN 4 THEN 'hung_up' ELSE 'given' END,
  CASE WHEN (i * 7) % 15 < 5 THEN NULL ELSE 5 - ((i * 11) % 17) / 4 + ((i * 11) % 17) / 16 END FROM n
  WHERE i % 5 <> 0;
INSERT INTO recording (call_id, seq, offer, file, status, made_ms, path, duration_ms, bridged_ms, bytes, sha256)
{n} SELECT {id}, 1, 1, {id} || '-1-1', 'ok', {arrived} + 270000, 'x.flac.enc', 240000, 240000, 2800000, 'ab' FROM n
