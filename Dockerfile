# An image that runs `lstm-anomaly` in the folder /data; docs/recipes.md says how.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY lstm_anomaly lstm_anomaly
# The tests that NumPy and pandas bring along are a third of all bytes.
RUN pip install --no-cache-dir --prefix=/install . \
    && find /install -type d -name tests -prune -exec rm -r {} +

FROM python:3.13-slim-bookworm
COPY --from=build /install /usr/local
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin lstm-anomaly
USER 10001
WORKDIR /data
ENTRYPOINT ["lstm-anomaly"]
CMD ["--help"]
