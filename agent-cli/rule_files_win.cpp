// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "platform/win/account.h"
#include "platform/win/process_table.h"
#include "platform/win/processes.h"
#include "platform/win/security.h"
#include "platform/win/service_table.h"
#include "platform/win/version.h"
#include "rule_files.h"

namespace vigil::cli {

rules::Objection rule_file_objection() {
  return platform::why_not_to_be_trusted;
}

Result<rules::ProcessFacts> facts_of_process(ProcessId pid) {
  platform::ProcessTable table;
  VIGIL_TRY_ASSIGN(const auto rows, table.read());
  const auto row = std::ranges::find_if(rows, [&](const auto& r) { return r.key.pid == pid; });
  if (row == rows.end())
    return Error{Errc::NotFound, fmt::format("there is no process {}", pid.value)};
  rules::ProcessFacts facts{row->name(), {}, {}};
  VIGIL_TRY_ASSIGN(const auto process, platform::open_process(row->key));
  auto details = platform::process_details(process.get(), pid);
  facts.path = std::move(details.path);
  facts.command_line = std::move(details.command_line);
  VIGIL_TRY_ASSIGN(auto services, platform::read_service_table());
  facts.services = std::move(services[pid]);
  const auto user = platform::process_user(pid);
  if (user.ok()) facts.user = platform::account_names(user->user);
  facts.version = platform::file_version(facts.path);
  return facts;
}

}  // namespace vigil::cli
