// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "minidump/streams.h"

namespace vigil::minidump {

Status read_exception(Reader& reader,
                      ByteView stream,
                      std::optional<snapshot::Exception>& exception) {
  VIGIL_TRY_ASSIGN(const auto raw, stream.read<format::ExceptionStream>(0));
  const auto& record = raw.exception_record;
  auto& result = exception.emplace();
  result.thread = ThreadId{raw.thread_id};
  result.code = record.exception_code;
  result.flags = record.exception_flags;
  result.address = reader.address(record.exception_address);
  const auto claimed = std::size_t{record.number_parameters};
  const auto count = std::min(claimed, format::kMaxExceptionParameters);
  if (count < claimed) {
    reader.note(
        fmt::format("exception: claims {} parameters, and {} are possible", claimed, count));
  }
  for (std::size_t i = 0; i < count; ++i) {
    result.parameters.push_back(reader.address(record.exception_information[i]));
  }
  result.context = read_context(reader, raw.thread_context, "exception");
  return {};
}

}  // namespace vigil::minidump
