// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

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

}  // namespace

Decision decide(const Rule* rule, const History& history, Timestamp now) {
  if (rule == nullptr) return {DumpKind::None, {}, "no rule matches", false};
  const bool is_new = rule->new_signature.has_value() && !history.signature_known;
  const DumpKind kind = is_new ? *rule->new_signature : rule->dump;
  if (kind == DumpKind::None) {
    const bool known_only = rule->new_signature.value_or(DumpKind::None) != DumpKind::None;
    return {
        kind, rule->name,
        fmt::format("rule {}: no dump{}", rule->name, known_only ? ", the signature is known" : ""),
        false};
  }
  const Limits& limits = rule->limits;
  if (limits.per_signature && history.dumps_of_signature >= *limits.per_signature) {
    return refuse(*rule, fmt::format("per_signature limit of {} reached", *limits.per_signature));
  }
  if (limits.per_hour && history.dumps_last_hour >= *limits.per_hour) {
    return refuse(*rule, fmt::format("per_hour limit of {} reached", *limits.per_hour));
  }
  if (const auto left = cooldown_left(limits, history, now); left > Microseconds(0)) {
    return refuse(*rule, fmt::format("cooldown of {} has {} left",
                                     yaml::format_exact(*limits.cooldown), format_left(left)));
  }
  return {kind, rule->name,
          fmt::format("rule {}: {} dump{}", rule->name, to_string(kind),
                      is_new ? ", the signature is new" : ""),
          false};
}

}  // namespace vigil::rules
