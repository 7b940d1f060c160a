// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "platform/win/handle.h"

/// The service manager, from the side of whoever installs and controls a service.
namespace vigil::platform {

struct ServiceHandleTraits {
  using Raw = SC_HANDLE;
  static Raw invalid() noexcept { return nullptr; }
  static void close(Raw raw) noexcept { ::CloseServiceHandle(raw); }
};
using ServiceHandle = UniqueHandle<ServiceHandleTraits>;

struct ServiceDescription {
  std::string name;  ///< `Vigil`
  std::string display_name;
  std::string description;
  std::filesystem::path program;
  std::vector<std::string> arguments;  ///< Of the program, whenever it is started.
};

enum class ServiceState : std::uint8_t { Stopped, StartPending, StopPending, Running, Other };

struct ServiceStatus {
  ServiceState state = ServiceState::Stopped;
  ProcessId pid;  ///< 0: none.
  std::uint32_t win32_exit_code = 0;
  std::uint32_t service_exit_code = 0;  ///< With win32_exit_code 1066: the service's own.
};

/// Settings that make a service better and that it can live without.
struct InstallOutcome {
  bool created = false;  ///< Otherwise it was there and has been brought up to date.
  std::vector<std::string> warnings;
};

/// An installed service.
class Service {
 public:
  /// Errc::NotFound: not installed; AccessDenied. \p access is a mask of SERVICE_… rights.
  [[nodiscard]] static Result<Service> open(std::string_view name, std::uint32_t access);

  [[nodiscard]] Result<ServiceStatus> status() const;
  /// Starting a running service is fine.
  [[nodiscard]] Status start() const;
  /// Stopping a stopped service is fine.
  [[nodiscard]] Status request_stop() const;
  [[nodiscard]] Status remove() const;

  /// Waits until the service has stopped or runs, whichever \p wanted is, or does what it was not
  /// asked for (the answer tells). Errc::Busy after \p patience.
  [[nodiscard]] Result<ServiceStatus> wait_for(ServiceState wanted,
                                               std::chrono::milliseconds patience) const;

 private:
  friend Result<InstallOutcome> install_service(const ServiceDescription&);
  Service(ServiceHandle handle, std::string name)
      : handle_(std::move(handle)), name_(std::move(name)) {}
  ServiceHandle handle_;
  std::string name_;
};

/// Creates the service or brings it up to date: automatic start (not delayed: crashes while the
/// machine starts count too), LocalSystem, its own security identifier, restarts after 5 s, 30 s
/// and 5 min.
[[nodiscard]] Result<InstallOutcome> install_service(const ServiceDescription& description);

}  // namespace vigil::platform
