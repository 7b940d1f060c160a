// SPDX-License-Identifier: Apache-2.0
#include "platform/win/sandbox.h"

#include <array>
#include <cstddef>
#include <vector>

#include <windows.h>

#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

using SidBuffer = std::array<std::byte, SECURITY_MAX_SID_SIZE>;

Result<SidBuffer> well_known_sid(WELL_KNOWN_SID_TYPE type) {
  SidBuffer sid{};
  auto size = static_cast<DWORD>(sid.size());
  if (::CreateWellKnownSid(type, nullptr, sid.data(), &size) == FALSE) {
    return from_last_error("cannot make a well-known security identifier");
  }
  return sid;
}

/// The groups that give power over the machine.
constexpr std::array kDeniedGroups = {
    WinBuiltinAdministratorsSid,        WinBuiltinPowerUsersSid,       WinBuiltinBackupOperatorsSid,
    WinBuiltinSystemOperatorsSid,       WinBuiltinAccountOperatorsSid, WinBuiltinPrintOperatorsSid,
    WinLocalAccountAndAdministratorSid,
};

Result<KernelHandle> restricted_token() {
  KernelHandle own;
  if (::OpenProcessToken(
          ::GetCurrentProcess(),
          TOKEN_QUERY | TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY | TOKEN_ADJUST_DEFAULT,
          own.put()) == FALSE) {
    return from_last_error("cannot open this program's token");
  }
  std::vector<SidBuffer> sids;
  for (const auto group : kDeniedGroups) {
    auto sid = well_known_sid(group);
    // A system that does not know the group has nobody in it.
    if (sid.ok()) sids.push_back(std::move(sid).take());
  }
  std::vector<SID_AND_ATTRIBUTES> denied;
  denied.reserve(sids.size());
  for (auto& sid : sids) denied.push_back({sid.data(), 0});
  KernelHandle token;
  if (::CreateRestrictedToken(own.get(), DISABLE_MAX_PRIVILEGE, static_cast<DWORD>(denied.size()),
                              denied.data(), 0, nullptr, 0, nullptr, token.put()) == FALSE) {
    return from_last_error("cannot make a restricted token");
  }
  return token;
}

Status set_low_integrity(HANDLE token) {
  VIGIL_TRY_ASSIGN(auto sid, well_known_sid(WinLowLabelSid));
  TOKEN_MANDATORY_LABEL label{{sid.data(), SE_GROUP_INTEGRITY}};
  if (::SetTokenInformation(token, TokenIntegrityLevel, &label,
                            sizeof(label) + ::GetLengthSid(sid.data())) == FALSE) {
    return from_last_error("cannot lower a token's integrity");
  }
  return {};
}

Result<KernelHandle> local_service_token() {
  KernelHandle whole, token;
  if (::LogonUserW(L"LocalService", L"NT AUTHORITY", nullptr, LOGON32_LOGON_SERVICE,
                   LOGON32_PROVIDER_DEFAULT, whole.put()) == FALSE)
    return from_last_error("cannot log on LocalService");
  if (::CreateRestrictedToken(whole.get(), DISABLE_MAX_PRIVILEGE, 0, nullptr, 0, nullptr, 0,
                              nullptr, token.put()) == FALSE)
    return from_last_error("cannot make a restricted token");
  return token;
}

bool is_system() {
  const auto system = well_known_sid(WinLocalSystemSid);
  KernelHandle own;
  std::array<std::byte, sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE> user{};
  DWORD size = 0;
  if (!system.ok() || ::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY, own.put()) == FALSE ||
      ::GetTokenInformation(own.get(), TokenUser, user.data(), static_cast<DWORD>(user.size()),
                            &size) == FALSE) {
    return true;  // whoever does not know has most to lose
  }
  auto sid = *system;
  return ::EqualSid(reinterpret_cast<const TOKEN_USER*>(user.data())->User.Sid, sid.data()) !=
         FALSE;
}

Result<KernelHandle> create_job() {
  KernelHandle job(::CreateJobObjectW(nullptr, nullptr));
  if (!job) return from_last_error("cannot make a job object");
  return job;
}

Status set_limits(HANDLE job, const JOBOBJECT_EXTENDED_LIMIT_INFORMATION& limits) {
  auto copy = limits;
  if (::SetInformationJobObject(job, JobObjectExtendedLimitInformation, &copy, sizeof(copy)) ==
      FALSE) {
    return from_last_error("cannot set the limits of a job object");
  }
  return {};
}

}  // namespace

Result<KernelHandle> create_sandbox_token() {
  VIGIL_TRY_ASSIGN(auto token, restricted_token());
  VIGIL_TRY(set_low_integrity(token.get()));
  return token;
}

Result<KernelHandle> create_powerless_token() {
  // At a person's terminal nobody else can be logged on, and his own account is no more than he is.
  if (!is_system()) return create_sandbox_token();
  VIGIL_TRY_ASSIGN(auto token, local_service_token());
  VIGIL_TRY(set_low_integrity(token.get()));
  return token;
}

Result<KernelHandle> create_sandbox_job(const JobLimits& limits) {
  VIGIL_TRY_ASSIGN(auto job, create_job());
  constexpr std::int64_t kHundredNanosecondsPerMicrosecond = 10;
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION extended{};
  extended.BasicLimitInformation.LimitFlags =
      JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION |
      JOB_OBJECT_LIMIT_ACTIVE_PROCESS | JOB_OBJECT_LIMIT_PROCESS_MEMORY |
      JOB_OBJECT_LIMIT_PROCESS_TIME;
  extended.BasicLimitInformation.ActiveProcessLimit = 1;
  extended.BasicLimitInformation.PerProcessUserTimeLimit.QuadPart =
      limits.cpu_time.count() * kHundredNanosecondsPerMicrosecond;
  extended.ProcessMemoryLimit = static_cast<SIZE_T>(limits.memory_bytes);
  VIGIL_TRY(set_limits(job.get(), extended));
  JOBOBJECT_BASIC_UI_RESTRICTIONS windows{};
  windows.UIRestrictionsClass = JOB_OBJECT_UILIMIT_DESKTOP | JOB_OBJECT_UILIMIT_DISPLAYSETTINGS |
                                JOB_OBJECT_UILIMIT_EXITWINDOWS | JOB_OBJECT_UILIMIT_GLOBALATOMS |
                                JOB_OBJECT_UILIMIT_HANDLES | JOB_OBJECT_UILIMIT_READCLIPBOARD |
                                JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS |
                                JOB_OBJECT_UILIMIT_WRITECLIPBOARD;
  if (::SetInformationJobObject(job.get(), JobObjectBasicUIRestrictions, &windows,
                                sizeof(windows)) == FALSE) {
    return from_last_error("cannot keep a job object away from windows");
  }
  return job;
}

Result<KernelHandle> create_program_job(std::uint64_t memory_bytes) {
  constexpr DWORD kMaxProcesses = 16;
  VIGIL_TRY_ASSIGN(auto job, create_job());
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION extended{};
  extended.BasicLimitInformation.LimitFlags =
      JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION |
      JOB_OBJECT_LIMIT_ACTIVE_PROCESS | JOB_OBJECT_LIMIT_JOB_MEMORY;
  extended.BasicLimitInformation.ActiveProcessLimit = kMaxProcesses;
  extended.JobMemoryLimit = static_cast<SIZE_T>(memory_bytes);
  VIGIL_TRY(set_limits(job.get(), extended));
  return job;
}

Result<KernelHandle> create_kill_on_close_job() {
  VIGIL_TRY_ASSIGN(auto job, create_job());
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION extended{};
  extended.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
  VIGIL_TRY(set_limits(job.get(), extended));
  return job;
}

}  // namespace vigil::platform
