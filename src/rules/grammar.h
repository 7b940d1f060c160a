// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/rules.h"

/// The parts of a rule, each from its YAML value; what is wrong goes to the problems.
namespace vigil::rules {

void read_match(const yaml::Node& node, Match& match, yaml::Problems& problems);
/// The value of `cpu`, `memory`, `handles`, `threads` or `counter`, which is \p name.
void read_threshold(std::string_view name,
                    const yaml::Node& node,
                    Threshold& threshold,
                    yaml::Problems& problems);
/// The path of a counter: of this machine, of one instance or of kProcessInstance.
void read_counter_path(const yaml::Node& node, std::string& path, yaml::Problems& problems);
/// The value of `hang`: a probe, or of a service that is pending a threshold.
void read_hang(const yaml::Node& node, Condition& condition, yaml::Problems& problems);
/// The value of `then`.
void read_then(const yaml::Node& node, std::vector<Action>& actions, yaml::Problems& problems);
/// The value of `codes`.
void read_codes(const yaml::Node& node, Condition& condition, yaml::Problems& problems);
/// The values of `exception` and `module`.
void read_exception(const yaml::Node& node, Condition& condition, yaml::Problems& problems);
void read_module(const yaml::Node& node, Condition& condition, yaml::Problems& problems);
void read_thread(const yaml::Node& node, Condition& condition, yaml::Problems& problems);
/// The value of `capture`.
void read_capture(const yaml::Node& node, Rule& rule, yaml::Problems& problems);
void read_condition(const yaml::Node& node, Condition& condition, yaml::Problems& problems);

}  // namespace vigil::rules
