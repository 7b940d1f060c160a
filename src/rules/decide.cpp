// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/words.h"
#include "rules/rules.h"

namespace vigil::rules {
namespace {

Decision refuse(const Rule& rule, std::string why) {
  return {DumpKind::None, rule.name, fmt::format("rule {}: {}", rule.name, why), true};
}

/// How long the cooldown still lasts; zero: it is over.
Microseconds cooldown_left(const Limits& limits, const History& history, Timestamp now) {
  if (!limits.cooldown || !history.last_dump || *history.last_dump > now) return Microseconds(0);
  // Both are compared before they are subtracted: a damaged store must not make the difference
  // overflow.
  if (*history.last_dump <= now - *limits.cooldown) return Microseconds(0);
  return *limits.cooldown - (now - *history.last_dump);
}

/// Cut to milliseconds from above: time that is left is never shown as none.
std::string format_left(Microseconds left) {
  return format_duration(std::chrono::ceil<std::chrono::milliseconds>(left));
}

/// Dynamic thresholds, as switches share a buffer (Choudhury and Hahne, 1998): nobody takes more
/// than is left of what the others have not taken, so the first one in a storm leaves room for
/// those that come later.
std::uint32_t fair_share(std::uint32_t per_hour, const History& history) {
  const auto others =
      history.dumps_last_hour - std::min(history.dumps_of_program, history.dumps_last_hour);
  const auto left = per_hour - std::min(others, per_hour);
  return left / 2 + left % 2;
}

/// Why a limit that lasts refuses; empty: none does.
std::string lasting_refusal(const Limits& limits, const History& history) {
  if (limits.lifetime && history.dumps_ever >= *limits.lifetime)
    return fmt::format("lifetime limit of {} reached", *limits.lifetime);
  if (limits.per_signature && history.dumps_of_signature >= *limits.per_signature)
    return fmt::format("per_signature limit of {} reached", *limits.per_signature);
  return {};
}

/// The same of those that time lifts.
std::string passing_refusal(const Limits& limits, const History& history, Timestamp now) {
  if (limits.per_hour && history.dumps_last_hour >= *limits.per_hour)
    return fmt::format("per_hour limit of {} reached", *limits.per_hour);
  if (limits.per_hour && limits.fair_share &&
      history.dumps_of_program >= fair_share(*limits.per_hour, history)) {
    return fmt::format("fair share of one program, {} of {} an hour by now, is used up",
                       fair_share(*limits.per_hour, history), *limits.per_hour);
  }
  if (const auto left = cooldown_left(limits, history, now); left > Microseconds(0)) {
    return fmt::format("cooldown of {} has {} left", yaml::format_exact(*limits.cooldown),
                       format_left(left));
  }
  return {};
}

/// The first that got no dump because of a limit is followed by another first, unless the first is
/// to have none.
bool is_known(DumpKind for_new, const History& history) {
  if (!history.by_program || for_new != DumpKind::None) return history.signature_known;
  return history.program_met;
}

std::string_view new_in_words(const History& history) {
  return history.by_program ? ", the first of this program" : ", the signature is new";
}

std::string_view known_in_words(const History& history) {
  return history.by_program ? ", not the first of this program" : ", the signature is known";
}

}  // namespace

Decision decide(const Rule* rule, const History& history, Timestamp now) {
  if (rule == nullptr) return {DumpKind::None, {}, "no rule matches", false};
  const bool is_new = rule->new_signature && !is_known(*rule->new_signature, history);
  const DumpKind kind = is_new ? *rule->new_signature : rule->dump;
  if (kind == DumpKind::None) {
    const bool known_only = rule->new_signature.value_or(DumpKind::None) != DumpKind::None;
    return {
        kind, rule->name,
        fmt::format("rule {}: no dump{}", rule->name, known_only ? known_in_words(history) : ""),
        false};
  }
  if (auto why = lasting_refusal(rule->limits, history); !why.empty()) return refuse(*rule, why);
  if (auto why = passing_refusal(rule->limits, history, now); !why.empty())
    return refuse(*rule, why);
  return {kind,
          rule->name,
          fmt::format("rule {}: {} dump{}", rule->name, to_string(kind),
                      is_new ? new_in_words(history) : ""),
          false,
          rule->manner,
          rule->samples};
}

std::string_view to_string(Standing standing) noexcept {
  switch (standing) {
    case Standing::Running: return "running";
    case Standing::Acting: return "acting";
    case Standing::Throttled: return "throttled";
    case Standing::Finished: return "finished";
    case Standing::Disabled: return "disabled";
    case Standing::Expired: return "expired";
  }
  return "running";
}

RuleStanding standing_of(const Rule& rule, const History& history, Timestamp now) {
  if (rule.expires && now >= *rule.expires)
    return {Standing::Expired, "since " + format_utc(*rule.expires)};
  // Of no signature in particular.
  auto of_all = history;
  of_all.dumps_of_signature = 0;
  of_all.dumps_of_program = 0;
  if (auto why = lasting_refusal(rule.limits, of_all); !why.empty())
    return {Standing::Finished, std::move(why)};
  if (history.under_way > 0)
    return {Standing::Acting, fmt::format("{} under way", counted(history.under_way, "dump"))};
  auto limits = rule.limits;
  limits.fair_share = false;
  if (auto why = passing_refusal(limits, of_all, now); !why.empty())
    return {Standing::Throttled, std::move(why)};
  return {};
}

}  // namespace vigil::rules
