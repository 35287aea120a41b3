from tests.api.conftest import Visit
def test_x(visit: Visit):
    c = visit(None)
    for p in ("health", "docs", "openapi.json", "tasks", "nowhere"):
        r = c.get("/api/"+p); print(p, r.status_code, r.headers["content-type"], r.text[:1500])
    r = c.post("/api/tasks/vitals/predict", json={"rows":[{"heart_rate":70}]}); print(r.status_code, r.text)
