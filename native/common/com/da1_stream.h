// The memory block of OPC DA 1.0 callbacks: a group header, item headers and VARIANTs with what they point to.
#pragma once

#include <windows.h>

#include <opcda.h>

#include <cstring>
#include <vector>

#include "task_memory.h"

namespace understudy::da1 {

inline constexpr wchar_t kDataFormat[] = L"OPCSTMFORMATDATA";
inline constexpr wchar_t kDataTimeFormat[] = L"OPCSTMFORMATDATATIME";
inline constexpr wchar_t kWriteCompleteFormat[] = L"OPCSTMFORMATWRITECOMPLETE";

struct Row {
  OPCHANDLE client_handle;
  const VARIANT* value;
  WORD quality;
  FILETIME time;
};

// A block as it is handed over in an HGLOBAL.
std::vector<BYTE> EncodeData(OPCHANDLE client_group, DWORD transaction, HRESULT status, const std::vector<Row>& rows,
                             bool with_time);
std::vector<BYTE> EncodeWriteComplete(OPCHANDLE client_group, DWORD transaction, HRESULT status,
                                      const std::vector<OPCHANDLE>& handles, const std::vector<HRESULT>& errors);

struct DecodedRow {
  OPCHANDLE client_handle = 0;
  WORD quality = 0;
  FILETIME time = {};
  Variant value;
};
struct Decoded {
  OPCGROUPHEADER header = {};
  std::vector<DecodedRow> rows;
};
// False where the block is malformed; every offset is checked against `size`.
bool DecodeData(const BYTE* data, size_t size, bool with_time, Decoded& out);

// Movable global memory with the bytes in it; null where memory is short.
HGLOBAL ToGlobal(const std::vector<BYTE>& bytes);

}  // namespace understudy::da1
