// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "store/impl.h"
#include "store/plan_actions.h"
#include "store/statement.h"

namespace vigil::store {
namespace {

// What was begun cannot be taken back, and is not done a second time for a second decision.
constexpr const char* kForget =
    "DELETE FROM actions WHERE capture_id = ?1 AND state = 'waiting' AND attempts = 0";
constexpr const char* kPlan = R"sql(
INSERT INTO actions(capture_id, kind, spec, state, attempts, next_at_us, give_up_at_us, once, at_end,
  result)
SELECT ?1, ?2, ?3, 'waiting', 0, 0, ?4, ?5, ?6, ''
WHERE NOT EXISTS(SELECT 1 FROM actions WHERE capture_id = ?1 AND kind = ?2))sql";

constexpr const char* kNext = R"sql(
SELECT a.id
FROM actions AS a JOIN captures AS c ON c.id = a.capture_id
WHERE a.state = 'waiting' AND a.next_at_us <= ?1 AND a.at_end = ?2
  AND (c.state IN ('done', 'failed', 'skipped')
       OR (a.at_end = 0 AND c.state IN ('captured', 'analyzing')))
ORDER BY a.next_at_us, a.id
LIMIT 1)sql";
constexpr const char* kClaim = R"sql(
UPDATE actions
SET state = CASE once WHEN 1 THEN 'begun' ELSE 'waiting' END, attempts = attempts + 1,
  next_at_us = ?2
WHERE id = ?1)sql";
constexpr const char* kFinish = R"sql(
UPDATE actions
SET state = ?2, result = ?3, next_at_us = ?4
WHERE id = ?1 AND state IN ('waiting', 'begun'))sql";
// A message that was under way, or waits for longer than anybody remembers why, is sent now.
constexpr const char* kTryAgain =
    "UPDATE actions SET next_at_us = min(next_at_us, ?1) WHERE state = 'waiting'";
constexpr const char* kGiveUpBegun = R"sql(
UPDATE actions
SET state = 'failed', result = 'the service ended while it was under way'
WHERE state = 'begun')sql";

constexpr const char* kSelectOne = R"sql(
SELECT id, capture_id, kind, spec, state, attempts, next_at_us, give_up_at_us, result
FROM actions
WHERE id = ?1)sql";
constexpr const char* kSelectOfCapture = R"sql(
SELECT id, capture_id, kind, spec, state, attempts, next_at_us, give_up_at_us, result
FROM actions
WHERE capture_id = ?1
ORDER BY id)sql";

constexpr std::array kStates = {ActionState::Waiting, ActionState::Begun, ActionState::Done,
                                ActionState::Failed};

Action read_action(Statement& row) {
  Action action;
  int column = 0;
  action.id = row.integer(column++);
  action.capture = CaptureId{row.integer(column++)};
  action.kind = row.text(column++);
  action.spec = row.text(column++);
  const auto name = row.text(column++);
  const auto* state = std::ranges::find_if(kStates, [&](auto s) { return to_string(s) == name; });
  action.state = state == kStates.end() ? ActionState::Failed : *state;
  action.attempts = row.uint32(column++);
  action.next_at = row.time(column++);
  action.give_up_at = row.time(column++);
  action.result = row.text(column++);
  return action;
}

}  // namespace

void plan_actions(SQLite::Database& db, CaptureId id, const std::vector<PlannedAction>& actions) {
  Statement(db, kForget, id).run();
  for (const auto& action : actions) {
    Statement(db, kPlan, id, action.kind, action.spec, action.give_up_at, std::int64_t{action.once},
              std::int64_t{action.at_end})
        .run();
  }
}

void recover_actions(SQLite::Database& db, Timestamp now) {
  Statement(db, kGiveUpBegun).run();
  Statement(db, kTryAgain, now).run();
}

Result<std::optional<Action>> Store::claim_action(bool at_end, Timestamp now, Timestamp again_at) {
  using Claimed = Result<std::optional<Action>>;
  // Mostly there is none: no write for that.
  VIGIL_TRY_ASSIGN(
      const bool any,
      impl_->database.read("look for an action", [&](SQLite::Database& db) -> Result<bool> {
        return Statement(db, kNext, now, std::int64_t{at_end}).step();
      }));
  if (!any) return std::optional<Action>();
  return impl_->database.write("claim an action", [&](SQLite::Database& db) -> Claimed {
    Statement next(db, kNext, now, std::int64_t{at_end});
    if (!next.step()) return std::optional<Action>();
    const auto id = next.integer(0);
    Statement(db, kClaim, id, again_at).run();
    Statement row(db, kSelectOne, id);
    row.step();
    return std::optional(read_action(row));
  });
}

Status Store::finish_action(std::int64_t id,
                            ActionState state,
                            std::string_view result,
                            Timestamp next_at) {
  return impl_->database.write("note an action", [&](SQLite::Database& db) -> Status {
    if (Statement(db, kFinish, id, to_string(state), result, next_at).run() == 0)
      return Error{Errc::NotFound, fmt::format("there is no action {} under way", id)};
    return {};
  });
}

Result<std::vector<Action>> Store::actions(CaptureId id) {
  return impl_->database.read("read actions",
                              [&](SQLite::Database& db) -> Result<std::vector<Action>> {
                                std::vector<Action> actions;
                                for (Statement row(db, kSelectOfCapture, id); row.step();)
                                  actions.push_back(read_action(row));
                                return actions;
                              });
}

}  // namespace vigil::store
