// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <windows.h>
// fdi.h needs windows.h before it.
#include <fcntl.h>
#include <fdi.h>

#include "platform/cabinet.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

/// What FDI takes for a file. Its functions get no other context than that, and the name: the one
/// of the cabinet is the address of its Source.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;
  virtual UINT read(void* /*to*/, UINT /*size*/) { return kFailed; }
  virtual UINT write(const void* /*from*/, UINT /*size*/) { return kFailed; }
  virtual long seek(long /*distance*/, int /*from*/) { return -1; }

  static constexpr UINT kFailed = static_cast<UINT>(-1);
};

constexpr INT_PTR kNoStream = -1;  // ends the run

INT_PTR handle_of(std::unique_ptr<Stream> stream) {
  return reinterpret_cast<INT_PTR>(stream.release());
}
Stream& as_stream(INT_PTR handle) {
  return *reinterpret_cast<Stream*>(handle);
}

class InputStream final : public Stream {
 public:
  explicit InputStream(ByteView bytes) : bytes_(bytes) {}

  UINT read(void* to, UINT size) override {
    const auto part = bytes_.clamp(position_, size).text();
    std::copy(part.begin(), part.end(), static_cast<char*>(to));
    position_ += part.size();
    return static_cast<UINT>(part.size());
  }
  long seek(long distance, int from) override {
    const auto size = static_cast<std::int64_t>(bytes_.size());
    const auto start = from == SEEK_SET   ? std::int64_t{0}
                       : from == SEEK_CUR ? static_cast<std::int64_t>(position_)
                                          : size;
    const auto wanted = start + distance;
    if (wanted < 0 || wanted > size) return -1;
    position_ = static_cast<std::uint64_t>(wanted);
    return static_cast<long>(wanted);
  }

 private:
  ByteView bytes_;
  std::uint64_t position_ = 0;
};

/// One run of FDI: from where, to where, and what went wrong there.
struct Run {
  ByteView cabinet;
  const ByteSink& sink;
  std::optional<Error> failure{};
};

class OutputStream final : public Stream {
 public:
  explicit OutputStream(Run& run) : run_(run) {}

  UINT write(const void* from, UINT size) override {
    if (run_.failure) return kFailed;
    auto status = run_.sink(std::string_view(static_cast<const char*>(from), size));
    if (status.ok()) return size;
    run_.failure = std::move(status).take_error();
    return kFailed;
  }

 private:
  Run& run_;
};

// FDI is C: nothing may be thrown through it, so these are noexcept.

void* DIAMONDAPI allocate(ULONG size) noexcept {
  return std::malloc(size);  // NOLINT(cppcoreguidelines-no-malloc): what FDI asks for
}
void DIAMONDAPI release(void* memory) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}
INT_PTR DIAMONDAPI open_stream(char* name, int /*flags*/, int /*mode*/) noexcept {
  const auto* run =
      reinterpret_cast<const Run*>(static_cast<std::uintptr_t>(std::strtoull(name, nullptr, 16)));
  return handle_of(std::make_unique<InputStream>(run->cabinet));
}
UINT DIAMONDAPI read_stream(INT_PTR handle, void* to, UINT size) noexcept {
  return as_stream(handle).read(to, size);
}
UINT DIAMONDAPI write_stream(INT_PTR handle, void* from, UINT size) noexcept {
  return as_stream(handle).write(from, size);
}
int DIAMONDAPI close_stream(INT_PTR handle) noexcept {
  const std::unique_ptr<Stream> owner(&as_stream(handle));
  return 0;
}
long DIAMONDAPI seek_stream(INT_PTR handle, long distance, int from) noexcept {
  return as_stream(handle).seek(distance, from);
}

INT_PTR DIAMONDAPI on_notification(FDINOTIFICATIONTYPE type, PFDINOTIFICATION said) noexcept {
  auto& run = *static_cast<Run*>(said->pv);
  switch (type) {
    case fdintCOPY_FILE: return handle_of(std::make_unique<OutputStream>(run));
    case fdintCLOSE_FILE_INFO: return close_stream(said->hf) == 0 ? TRUE : FALSE;
    case fdintNEXT_CABINET:
    case fdintPARTIAL_FILE: return kNoStream;
    case fdintCABINET_INFO:
    case fdintENUMERATE: break;
  }
  return 0;
}

/// The functions of cabinet.dll. Loaded when first needed: it would cost every start otherwise.
class Fdi {
 public:
  static Result<Fdi> load() {
    Fdi fdi;
    fdi.library_ = ::LoadLibraryExW(L"cabinet.dll", nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (fdi.library_ == nullptr) return from_last_error("cannot load cabinet.dll");
    fdi.create = fdi.function<decltype(&::FDICreate)>("FDICreate");
    fdi.copy = fdi.function<decltype(&::FDICopy)>("FDICopy");
    fdi.destroy = fdi.function<decltype(&::FDIDestroy)>("FDIDestroy");
    if (fdi.create == nullptr || fdi.copy == nullptr || fdi.destroy == nullptr)
      return from_last_error("cabinet.dll lacks a function");
    return fdi;
  }

  decltype(&::FDICreate) create = nullptr;
  decltype(&::FDICopy) copy = nullptr;
  decltype(&::FDIDestroy) destroy = nullptr;

 private:
  Fdi() = default;
  template <class Function>
  [[nodiscard]] Function function(const char* name) const {
    return reinterpret_cast<Function>(
        reinterpret_cast<void (*)()>(::GetProcAddress(library_, name)));
  }
  HMODULE library_ = nullptr;  // stays loaded until the process ends
};

std::string_view words_for(int error) {
  switch (error) {
    case FDIERROR_NOT_A_CABINET:
    case FDIERROR_CABINET_NOT_FOUND: return "it is no cabinet";
    case FDIERROR_CORRUPT_CABINET: return "its data are damaged";
    case FDIERROR_UNKNOWN_CABINET_VERSION: return "its version is not known";
    default: return "it cannot be unpacked";
  }
}

}  // namespace

Status decompress_cabinet(ByteView cabinet, const ByteSink& sink) {
  VIGIL_TRY_ASSIGN(const auto fdi, Fdi::load());
  Run run{.cabinet = cabinet, .sink = sink};
  ERF error{};
  const HFDI context = fdi.create(allocate, release, open_stream, read_stream, write_stream,
                                  close_stream, seek_stream, cpuUNKNOWN, &error);
  if (context == nullptr) return Error{Errc::Internal, "cabinet.dll cannot be used"};
  auto name = fmt::format("{:x}", reinterpret_cast<std::uintptr_t>(&run));
  std::string folder;
  const BOOL copied =
      fdi.copy(context, name.data(), folder.data(), 0, on_notification, nullptr, &run);
  fdi.destroy(context);
  if (run.failure) return *std::move(run.failure);
  if (copied != FALSE) return {};
  return Error{Errc::Malformed, fmt::format("cabinet: {}", words_for(error.erfOper))};
}

}  // namespace vigil::platform
