// The server object that a client gets from COM.
#pragma once

#include <opcda.h>

#include "agile_object.h"
#include "group_object.h"
#include "marshal/arrivals.h"
#include "session.h"

namespace understudy {

class ServerObject : public AgileObject<IOPCServer, IOPCCommon, IConnectionPointContainer, IOPCItemProperties,
                                        IOPCBrowseServerAddressSpace, IOPCBrowse, IOPCItemIO> {
 public:
  explicit ServerObject(std::shared_ptr<Session> session);

  // Of the EXE: a client of this machine is to get an object in its own process instead of this one.
  void MoveToClients();
  // Made here for that object of the EXE.
  void Arrived(REFGUID instance) { arrival_.Enter(instance, this); }

  STDMETHODIMP QueryInterface(REFIID iid, void** out) override;

  // IOPCServer
  STDMETHODIMP AddGroup(LPCWSTR name, BOOL active, DWORD requested_rate, OPCHANDLE client, LONG* time_bias, FLOAT* deadband, DWORD locale,
                        OPCHANDLE* server_handle, DWORD* revised_rate, REFIID iid, LPUNKNOWN* out) override;
  STDMETHODIMP GetErrorString(HRESULT error, LCID locale, LPWSTR* text) override;
  STDMETHODIMP GetGroupByName(LPCWSTR name, REFIID iid, LPUNKNOWN* out) override;
  STDMETHODIMP GetStatus(OPCSERVERSTATUS** status) override;
  STDMETHODIMP RemoveGroup(OPCHANDLE handle, BOOL force) override;
  STDMETHODIMP CreateGroupEnumerator(OPCENUMSCOPE scope, REFIID iid, LPUNKNOWN* out) override;

  // IOPCCommon
  STDMETHODIMP SetLocaleID(LCID locale) override;
  STDMETHODIMP GetLocaleID(LCID* locale) override;
  STDMETHODIMP QueryAvailableLocaleIDs(DWORD* count, LCID** locales) override;
  STDMETHODIMP GetErrorString(HRESULT error, LPWSTR* text) override;
  STDMETHODIMP SetClientName(LPCWSTR name) override;

  // IConnectionPointContainer
  STDMETHODIMP EnumConnectionPoints(IEnumConnectionPoints** out) override;
  STDMETHODIMP FindConnectionPoint(REFIID iid, IConnectionPoint** out) override;

  // IOPCItemProperties
  STDMETHODIMP QueryAvailableProperties(LPWSTR item_id, DWORD* count, DWORD** ids, LPWSTR** descriptions, VARTYPE** types) override;
  STDMETHODIMP GetItemProperties(LPWSTR item_id, DWORD count, DWORD* ids, VARIANT** values, HRESULT** errors) override;
  STDMETHODIMP LookupItemIDs(LPWSTR item_id, DWORD count, DWORD* ids, LPWSTR** item_ids, HRESULT** errors) override;

  // IOPCBrowseServerAddressSpace
  STDMETHODIMP QueryOrganization(OPCNAMESPACETYPE* type) override;
  STDMETHODIMP ChangeBrowsePosition(OPCBROWSEDIRECTION direction, LPCWSTR name) override;
  STDMETHODIMP BrowseOPCItemIDs(OPCBROWSETYPE type, LPCWSTR filter, VARTYPE data_type, DWORD access_rights, LPENUMSTRING* out) override;
  STDMETHODIMP GetItemID(LPCWSTR name, LPWSTR* item_id) override;
  STDMETHODIMP BrowseAccessPaths(LPCWSTR item_id, LPENUMSTRING* out) override;

  // IOPCBrowse
  STDMETHODIMP GetProperties(DWORD count, LPWSTR* item_ids, BOOL return_values, DWORD id_count, DWORD* ids,
                             OPCITEMPROPERTIES** properties) override;
  STDMETHODIMP Browse(LPWSTR item_id, LPWSTR* continuation, DWORD most, OPCBROWSEFILTER filter, LPWSTR name_filter,
                      LPWSTR vendor_filter, BOOL all_properties, BOOL return_values, DWORD id_count, DWORD* ids, BOOL* more, DWORD* count,
                      OPCBROWSEELEMENT** elements) override;

  // IOPCItemIO
  STDMETHODIMP Read(DWORD count, LPCWSTR* item_ids, DWORD* max_ages, VARIANT** values, WORD** qualities, FILETIME** times,
                    HRESULT** errors) override;
  STDMETHODIMP WriteVQT(DWORD count, LPCWSTR* item_ids, OPCITEMVQT* items, HRESULT** errors) override;

 protected:
  ~ServerObject() override;

 private:
  Link& link() { return session_->link(); }
  HRESULT ErrorString(HRESULT error, LCID locale, LPWSTR* text);
  HRESULT BrowseNames(const std::vector<wire::Text>& path, OPCBROWSETYPE type, LPCWSTR filter, VARTYPE data_type, DWORD access_rights,
                      std::vector<wire::Text>& names);
  HRESULT FindBranch(const wire::Text& item_id, std::vector<wire::Text>& path);
  std::vector<wire::Text> BrowsePosition();
  HRESULT FindMarshaler(void** out);

  const std::shared_ptr<Session> session_;
  const std::shared_ptr<GroupObjects> groups_ = std::make_shared<GroupObjects>();
  Mutex mutex_;
  std::vector<wire::Text> browse_position_;
  wire::StatusAnswer last_status_;
  Arrival arrival_;
  // Nothing where the object stays in its process.
  std::optional<GUID> instance_;
};

}  // namespace understudy
